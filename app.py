"""The web's front door: one ASGI app that joins the sign-in routes, the gate and the pages."""

import streamlit as st

from rater_portal.serving import parts, serve
from rater_portal.settings import Settings

settings = Settings()
app = st.App(**parts(settings))

if __name__ == "__main__":
    serve(app, settings)
