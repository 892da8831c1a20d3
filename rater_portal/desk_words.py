"""The words that scripts of the rating page show: English is the key, as everywhere.

A script cannot read a catalogue, so that all its words travel with the unit.
"""

from rater_portal.language import catalogue, mark

WORDS = (
    # The bar.
    mark("Submit"),
    mark("Submitting …"),
    mark("Skip"),
    mark("I cannot judge this"),
    mark("Settings"),
    mark("More"),
    mark("To the form"),
    mark("To the text"),
    mark("Unit {number} of {total}"),
    mark("about {minutes} min left"),
    mark("Saved at {time}"),
    mark("Saving …"),
    mark("No connection. Your choices are kept here and will be sent."),
    mark("You are signed out. Your choices are kept here: please open your invite link again."),
    mark("The study takes no judgments at the moment."),
    mark("This could not be sent. Please try again."),
    mark("What you do here"),
    mark("Save the change"),
    mark("Leave it as it is"),
    mark("Why do you change it?"),
    mark("Please say why you change it."),
    # The guide, the break, the parts of the page.
    mark("Guide"),
    mark("Sign out"),
    mark(
        "Synthetic raters: simulated judgments show how the platform works; they say nothing about "
        "any model."
    ),
    mark("Texts to judge"),
    mark("Your judgment"),
    mark("You have been at it for a while. A short break does good, and nothing is lost."),
    mark("Take a break"),
    mark("Not now"),
    mark("Go on"),
    mark("Enjoy your break. Everything is saved: go on whenever you like."),
    # The items.
    mark("Required"),
    mark("Optional"),
    mark("Please choose one of the options."),
    mark("Please choose at least one of the options."),
    mark("Please write an answer."),
    mark("Please enter a number."),
    mark("{count} characters left"),
    mark("nothing chosen"),
    # The texts.
    mark("Number the sentences"),
    mark("Show where the questions differ"),
    mark("Reading aids"),
    mark("The answer ends here: it reached a length limit."),
    mark("Mark a passage"),
    mark("Marked passages"),
    mark("No more than {count} passages can be marked."),
    mark("Marked as passage {number}."),
    mark("The mark is removed."),
    mark("{name}, sentence {number}"),
    mark("Remove passage {number}"),
    mark("Remove"),
    mark("Marked for"),
    mark("Mark"),
    mark("This passage is too long to be marked. Please choose a shorter one."),
    mark("Text"),
    mark("From sentence"),
    mark("To sentence"),
    mark("Choose sentences by number, or select words in a text with the mouse or a finger."),
    mark("Before you read"),
    mark("Take your time. You can skip this unit, and it is never held against you."),
    mark("Take your time. You can skip this unit."),
    mark("Show the texts"),
    mark("If you would like to talk to someone:"),
    mark("Only in {name}:"),
    mark("nothing"),
    mark("Which text is shown"),
    # The images of a question.
    mark("Image {number} of {total}, belongs to the question"),
    mark("Enlarge"),
    mark("Whole image"),
    mark("Actual size"),
    mark("Size of the image"),
    mark("Close"),
    mark("The image could not be loaded."),
    mark("Try again"),
    # Leaving a unit out.
    mark("Skip this unit?"),
    mark("It goes to another rater. Skipping is never held against you."),
    mark(
        "You can leave it out. In the training, its questions then count as not judged as expected."
    ),
    mark("You cannot judge this unit?"),
    mark("Thank you for saying so: that is better than a guess."),
    mark("Reason"),
    mark("Anything to add? (optional)"),
    mark("Please choose a reason."),
    mark("Skip this unit"),
    mark("Go on without a judgment"),
    mark("Cancel"),
    # Settings.
    mark("Keys"),
    mark("Single keys choose options and move between items"),
    mark("Next item"),
    mark("Previous item"),
    mark("Options, from the first on"),
    mark("Each key can have one meaning only."),
    mark("Ctrl+Enter submits, in any case."),
    mark("Size of the texts"),
    mark("Normal"),
    mark("Large"),
    mark("Very large"),
    mark("Language"),
    mark("Save"),
)

SKIP_REASONS = {
    "distressing": mark("It is distressing to me"),
    "outside_expertise": mark("It is outside what I know"),
    "language": mark("I do not understand the language well enough"),
    "unclear": mark("The texts are unclear or incomplete"),
    "conflict": mark("I have a personal interest in it"),
    "other": mark("Another reason"),
}
"""Why a unit may be left out, by the code that is stored."""


def words(language: str | None) -> dict[str, str]:
    """What the scripts show, by its English."""
    translate = catalogue(language).gettext
    return {word: translate(word) for word in WORDS}
