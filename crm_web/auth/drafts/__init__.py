"""What somebody typed before their session ended, kept until they have signed in again."""
