"""A file that is to be joined, held against its manifest: what was lost or changed since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from equitymedqa.generation.found import found_as
from equitymedqa.generation.identity import file_sha256
from equitymedqa.generation.line_index import LineIndex
from equitymedqa.generation.manifest import Manifest, Part, Run, read_manifest
from equitymedqa.generation.shards import shard_of


@dataclass(frozen=True)
class JoinedFile:
    """One of the files, with what is known of it."""

    path: Path
    sha256: str
    n_answers: int
    """All that are in it."""

    n_standing: int
    """Those that no other one in it continues: what a manifest counts."""

    manifest: Manifest | None

    @classmethod
    def all_of(cls, paths: Sequence[Path], index: LineIndex) -> list[Self]:
        """The files of an index, in its order."""
        counts = zip(paths, index.n_answers, index.n_standing, strict=True)
        return [
            cls(path, file_sha256(path), n_answers, n_standing, read_manifest(path))
            for path, n_answers, n_standing in counts
        ]

    @property
    def runs(self) -> tuple[Run, ...]:
        """What was run to fill it, as far as its manifest says."""
        return self.manifest.runs if self.manifest else ()

    @property
    def was_broken_off(self) -> bool:
        """Whether its job has not come to its end."""
        if self.manifest is None:
            return False
        is_under_way = bool(self.runs) and self.runs[-1].finished_at is None
        return self.manifest.counts.done < (self.manifest.n_planned or 0) or (
            is_under_way and self._differs
        )

    @property
    def was_changed(self) -> bool:
        """Whether something else than a job changed it since its manifest was written."""
        if not self._differs:
            return self._n_lost > 0
        return found_as(self.manifest, self.path, n_answers=self.n_standing) != "as_left"

    @property
    def lacks_manifest(self) -> bool:
        """Whether it is a shard of which nobody knows whether it is whole."""
        return self.manifest is None and shard_of(self.path) is not None

    @property
    def n_missing(self) -> int:
        """Answers that were planned and are not there."""
        planned = self.manifest.n_planned if self.manifest else None
        return max(0, (planned or 0) - self.n_standing)

    @property
    def parts(self) -> list[Part]:
        """What goes into the manifest of the whole: the file, or those it was joined from."""
        earlier = list(self.manifest.parts) if self.manifest else []
        if earlier and not self.was_changed:
            return earlier
        own = Part(
            answer_file=self.path.name,
            sha256=self.sha256,
            n_answers=self.n_answers,
            was_changed=self.was_changed,
            lacked_manifest=self.lacks_manifest,
        )
        return [*earlier, own]

    def gaps(self) -> Iterator[str]:
        """What was lost or changed, in sentences."""
        if self.lacks_manifest:
            yield f"{self.path.name} has no manifest, and so nobody knows whether it is whole"
        if self.was_broken_off:
            yield f"{self.path.name} is still being made or was broken off"
        if self._n_lost:
            n = self.manifest.counts.done if self.manifest else 0
            yield f"{self.path.name} lost {self._n_lost} of the {n} answers its manifest counts"
        elif self.was_changed:
            yield f"{self.path.name} was changed since its manifest was written"
        for doubt in self.manifest.doubts() if self.manifest else ():
            yield f"{self.path.name}: {doubt}"

    @property
    def _differs(self) -> bool:
        return self.manifest is not None and self.manifest.sha256 != self.sha256

    @property
    def _n_lost(self) -> int:
        return max(0, self.manifest.counts.done - self.n_standing) if self.manifest else 0
