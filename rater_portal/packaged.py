"""Components whose scripts and style sheets lie below `assets/` and are served as files.

Streamlit finds such files by a manifest in the `pyproject.toml` of the distribution, and only
inside the package that has the distribution's name. Ours lie in another package, and a wheel brings
no `pyproject.toml`: so the same manifest is handed over from here. Files may import each other by
relative path, and the content policy needs no `blob:`, as scripts given as text would.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

PACKAGE: Final = Path(__file__).parent
NAMESPACE: Final = "portal"


def packaged(name: str, *, js: str, css: str | None = None) -> ComponentRenderer:
    """The component of this name; call it in a page to mount it.

    Parameters
    ----------
    js, css
        Files, relative to `assets/`. The styles are the page's own: nothing is isolated.
    """
    return _renderer(get_bidi_component_manager(), name, js, css)


@lru_cache(maxsize=8)
def _renderer(
    manager: BidiComponentManager, name: str, js: str, css: str | None
) -> ComponentRenderer:
    """Made once for each running Streamlit: tests start one after another."""
    manifest = ComponentManifest(
        name=NAMESPACE, version="1", components=[ComponentConfig(name, asset_dir="assets")]
    )
    manager.register_from_manifest(manifest, PACKAGE)
    return st.components.v2.component(f"{NAMESPACE}.{name}", js=js, css=css, isolate_styles=False)
