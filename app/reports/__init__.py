"""What can be read off the whole: health today, figures later."""
