"""What the screens are built of: data in, messages out."""
