"""Which devices a name means."""

import torch

from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.local.loading import find_device

ALL = "cuda:all"


def named_devices(names: str) -> list[str]:
    """The devices that are named with commas between them, or all CUDA devices as `cuda:all`.

    Raises
    ------
    GenerationError
        If torch does not see one of them.
    """
    devices = _all_cuda() if names == ALL else [name.strip() for name in names.split(",")]
    for device in devices:
        find_device(device)
    return devices


def _all_cuda() -> list[str]:
    count = torch.cuda.device_count()
    if not count:
        raise GenerationError(f"device {ALL!r} is not there; torch sees no CUDA device")
    return [f"cuda:{number}" for number in range(count)]
