"""What is done once when the portal starts."""

import socket

from rater_portal.serving import answer_at_once


def test_connections_that_come_in_are_answered_at_once() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        answer_at_once()

        with socket.create_connection(listening.getsockname()):
            came, _ = listening.accept()
            with came:
                assert came.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
