"""What a browser may ask over Streamlit's websocket: an allow-list of its messages."""

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg

ALLOWED = frozenset({"rerun_script", "stop_script", "app_heartbeat"})
"""Left out: `clear_cache`, which would empty everybody's caches, `set_run_on_save` and
`load_git_info`, which are for developers, `file_urls_request`, because nobody uploads here, and
whatever a later Streamlit adds."""

ALLOWED_OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})
"""Downloads made on demand, and long tables. Left out: installing things on the server."""


class UnreadableFrameError(ValueError):
    """The frame is no message of Streamlit's protocol."""


def is_allowed(frame: bytes) -> bool:
    """Whether the message may reach Streamlit.

    Raises
    ------
    UnreadableFrameError
        If the frame cannot be decoded.
    """
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError as error:
        raise UnreadableFrameError(str(error)) from error
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in ALLOWED_OPERATIONS
    return kind in ALLOWED
