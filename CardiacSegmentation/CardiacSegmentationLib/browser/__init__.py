"""The study in a browser: one page that shows it, as a file of its own or with corrections on a local server."""
