"""One account at work, without a screen: what dashboard and commands share."""
