"""Images on their way into a model: placeholders in the prompt, pixels beside it.

Pillow alone decodes and scales them. torchvision is not asked for: beside a torch of another
build it breaks every model.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch

from equitymedqa.generation.engine import RenderedPrompt
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.local.checkpoints import Checkpoint
from equitymedqa.generation.local.loading import load_processor, takes_images
from equitymedqa.image_files import ImageFileError, open_image
from equitymedqa.records import ImageRecord

Pixels = Mapping[str, torch.Tensor]
"""The images of one prompt, by the names under which the model takes them."""


def image_reader(checkpoint: Checkpoint, *, config: Any) -> "ImageReader | None":
    """Shows images to the model; None if it takes none."""
    if not takes_images(config):
        return None
    return ImageReader(lambda: load_processor(checkpoint))


class ImageReader:
    """Shows the images of questions to one model.

    Parameters
    ----------
    load_processor
        Gives the model's processor; called when the first question has an image.
    """

    def __init__(self, load_processor: Callable[[], Any]) -> None:
        self._load_processor = load_processor

    def encode(
        self,
        messages: Sequence[Mapping[str, str]],
        images: Sequence[ImageRecord],
        **arguments: Any,
    ) -> list[int]:
        """Token ids of a conversation whose last message shows the images before its text.

        Parameters
        ----------
        arguments
            For the chat template.

        Raises
        ------
        PromptError
            If an image cannot be read, is another than it was, or has no place in the template.
        """
        *before, last = messages
        shown = [{"type": "image", "image": _opened(image)} for image in images]
        content = [*shown, {"type": "text", "text": last["content"]}]
        try:
            encoded = self._processor.apply_chat_template(
                [*before, {**last, "content": content}],
                tokenize=True,
                return_dict=True,
                add_generation_prompt=True,
                sanitize_control_tokens=True,
                processor_kwargs={"add_special_tokens": False},
                **arguments,
            )
        except ValueError as error:
            raise PromptError(f"the model cannot be shown the question's image: {error}") from error
        return [int(one) for one in encoded["input_ids"][0]]

    def pixels(self, prompt: RenderedPrompt) -> Pixels:
        """The images of a prompt as the model sees them.

        Raises
        ------
        PromptError
            If one of them cannot be read any more, or is another than it was.
        """
        images = [_opened(image) for image in prompt.images]
        made = self._processor.image_processor(images, return_tensors="pt")
        unused = self._processor.unused_input_names
        return {name: value for name, value in made.items() if name not in unused}

    def inputs(
        self,
        prompts: Sequence[RenderedPrompt],
        pixels: Sequence[Pixels],
        *,
        width: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> dict[str, torch.Tensor]:
        """What the model gets beside token ids and mask in its first step: nothing without images.

        Parameters
        ----------
        pixels
            Of those prompts that have images, in their order.
        width
            To how many tokens the prompts are padded, on the left.
        dtype
            Of the pixels.
        """
        if not pixels:
            return {}
        kinds = self._processor.create_mm_token_type_ids([prompt.ids for prompt in prompts])
        padded = torch.tensor([[0] * (width - len(row)) + row for row in kinds])
        joined = {name: torch.cat([one[name] for one in pixels]) for name in pixels[0]}
        return {
            name: value.to(device, dtype if value.is_floating_point() else value.dtype)
            for name, value in {**joined, self._name_of_kinds: padded}.items()
        }

    @cached_property
    def _processor(self) -> Any:
        return self._load_processor()

    @property
    def _name_of_kinds(self) -> str:
        """What the model calls the marks of the tokens that stand for images."""
        names = self._processor.model_input_names
        return "token_type_ids" if "token_type_ids" in names else "mm_token_type_ids"


def _opened(image: ImageRecord) -> Any:
    try:
        return open_image(image)
    except ImageFileError as error:
        raise PromptError(str(error)) from error
