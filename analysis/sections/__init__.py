"""The standard sections of a report: each from ratings to typed rows, nothing rounded or worded.

Here, and nowhere else, `UndefinedStatisticError` is caught: the reason becomes the cell.
"""
