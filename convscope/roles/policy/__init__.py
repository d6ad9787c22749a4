"""The policy reading: agents told apart by what they do given what they see."""
