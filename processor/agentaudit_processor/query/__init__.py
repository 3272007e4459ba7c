"""The query language of page, API and `tail`; what meets it, store and hook tell themselves."""
