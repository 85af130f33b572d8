"""Small, real models that show what a generated page can explain."""
