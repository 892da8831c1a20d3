"""Groups of raters compared: rates, coefficients and distributions, with honest p-values."""
