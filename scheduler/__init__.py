"""What happens by the calendar and in the background."""
