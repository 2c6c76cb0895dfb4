"""From a person's draft to a reply on the platform: at most once, and never silently missing."""
