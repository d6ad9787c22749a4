"""Two analyses side by side: what changed in roles, routing and gap."""
