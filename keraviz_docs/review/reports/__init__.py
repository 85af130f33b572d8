"""A comparison told in several forms.  Names in it are other people's text, and escaped for each form."""
