"""Public data sets of cardiac cine MR, brought into one form."""
