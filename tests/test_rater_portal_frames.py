import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from rater_portal.frames import UnreadableFrameError, is_allowed


def operation(**payload: object) -> BackMsg:
    message = BackMsg()
    for name in payload:
        getattr(message.backend_operation_request, name).SetInParent()
    return message


def rerun() -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = "page=1"
    return message


@pytest.mark.parametrize(
    "message",
    [rerun(), BackMsg(stop_script=True), BackMsg(app_heartbeat=True), operation(deferred_file={})],
    ids=["rerun", "stop", "heartbeat", "download"],
)
def test_what_a_page_needs_may_pass(message):
    assert is_allowed(message.SerializeToString())


@pytest.mark.parametrize(
    "message",
    [
        BackMsg(clear_cache=True),
        BackMsg(set_run_on_save=True),
        BackMsg(load_git_info=True),
        BackMsg(debug_disconnect_websocket=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(file_urls_request={"file_names": ["a"]}),
        operation(install_skills={}),
        operation(dismiss_skills_nudge={}),
        BackMsg(),
    ],
    ids=lambda message: str(message).split()[0] if str(message) else "nothing",
)
def test_what_a_page_does_not_need_may_not_pass(message):
    assert not is_allowed(message.SerializeToString())


def test_order_hidden_behind_a_harmless_one_may_not_pass():
    # Of two members of a `oneof` in one frame, a reader of the protocol keeps the last.
    frame = rerun().SerializeToString() + BackMsg(clear_cache=True).SerializeToString()

    assert not is_allowed(frame)


def test_frame_that_cannot_be_decoded_is_an_error():
    with pytest.raises(UnreadableFrameError, match="rror parsing message"):
        is_allowed(b"\xff\xff\xff\xff")
