"""Where browsers fetch the images of questions: each for the people of a study that shows it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rater_portal.database import Session
from rater_portal.errors import NotAllowedError, SignInError
from rater_portal.gate import DESK, refusal
from rater_portal.notices import NEED_LINK, NOT_HERE
from rater_portal.routes.calling import in_database
from rater_portal.routes.own_pages import cookie_name
from rater_portal.services.accounts import identify
from rater_portal.services.images import study_image
from rater_portal.settings import Settings

KEPT: Final = {
    # What a digest names never changes. A day covers a sitting, and what shows patients does not
    # stay for long on a computer that others use too.
    "cache-control": "private, max-age=86400, immutable",
    # The next person at the same browser is asked anew.
    "vary": "cookie",
    "x-content-type-options": "nosniff",
}


class Images:
    """The one route to images."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        return [Route(f"{DESK}image/{{sha256}}", self.image, methods=["GET"])]

    async def image(self, request: Request) -> Response:
        """The image; whoever may not see it finds what is found where there is none."""
        token = request.cookies.get(cookie_name(self._settings), "")
        sha256 = request.path_params["sha256"]
        try:
            png = await in_database(
                self._settings, lambda session: _image(session, token=token, sha256=sha256)
            )
        except SignInError:
            return refusal(request.scope, NEED_LINK)
        except NotAllowedError:
            return refusal(request.scope, NOT_HERE)
        return Response(png, media_type="image/png", headers=KEPT)


def _image(session: Session, *, token: str, sha256: str) -> bytes:
    caller = identify(session, cookie_token=token)
    return study_image(session, study=caller.study, sha256=sha256, asked_by=caller.rater_id)
