"""What can go wrong between a question and its answer, in words for the person who started it."""


class GenerationError(ValueError):
    """Answers cannot be generated or read; the message says why, and the way out."""


class PromptError(GenerationError):
    """One question cannot be put to the model; the others can."""
