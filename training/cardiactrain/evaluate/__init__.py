"""How good: one row per stack, slice and structure, then tables, pictures and one page made of them."""
