"""Results made readable: sheets (tables), the terminal, figures."""
