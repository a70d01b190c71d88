"""What a user gets: the wheel, the installed command, the set-up, the README's promises."""
