"""Memory that this process, and those it started, take on the machine and on its GPUs."""

import sys

import psutil


def process_memory() -> int:
    """Bytes of main memory that this process and its children hold now."""
    this = psutil.Process()
    total = 0
    for process in (this, *this.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def gpu_peak() -> int | None:
    """Bytes that tensors of this process took at most on all its GPUs; None without any."""
    # torch takes seconds to import; where nothing has imported it there is nothing to measure.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    peaks = [torch.cuda.max_memory_allocated(one) for one in range(torch.cuda.device_count())]
    return int(sum(peaks))


def memory_used() -> list[str]:
    """Both, for a person, in as many phrases as there are kinds of memory."""
    peak = gpu_peak()
    phrases = [f"{process_memory() / 2**30:.1f} GiB"]
    return phrases if peak is None else [*phrases, f"GPU {peak / 2**30:.1f} GiB"]
