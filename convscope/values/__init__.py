"""What flows between the stages: frozen values, without input, output or algorithms."""
