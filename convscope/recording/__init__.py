"""Recording: episodes as frameworks hand them over, laid out as a convscope log and committed piece by piece."""
