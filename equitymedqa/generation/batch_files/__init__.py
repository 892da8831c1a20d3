"""Answers through the vendors' batch files: written here, run elsewhere, read back here."""

from equitymedqa.generation.batch_files.exporting import BatchExport, export_batch
from equitymedqa.generation.batch_files.importing import BatchImport, import_batch

__all__ = ["BatchExport", "BatchImport", "export_batch", "import_batch"]
