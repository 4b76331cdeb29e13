"""The dialogs over the dashboard, a file each."""
