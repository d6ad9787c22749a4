"""What agents do given what they see: samples of decisions, and models of them."""
