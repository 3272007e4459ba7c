"""HTML templates, and how hostile text is shown in them."""
