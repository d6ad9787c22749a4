"""What a study could conclude, before anybody trains."""
