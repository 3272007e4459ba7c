"""Log-in by an identity provider: OpenID Connect, authorization code with PKCE."""
