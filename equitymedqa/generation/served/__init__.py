"""Answers by models behind servers that speak OpenAI's interface."""

from equitymedqa.generation.served.connecting import connect, reconnect
from equitymedqa.generation.served.engine import ServedEngine
from equitymedqa.generation.served.limits import Limits

__all__ = ["Limits", "ServedEngine", "connect", "reconnect"]
