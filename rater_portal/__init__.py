"""The web application where raters judge answers and coordinators watch a study grow."""
