"""The dashboard and its dialogs, a file each."""
