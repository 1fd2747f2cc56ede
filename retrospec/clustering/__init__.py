"""What a project says about its failures before a clustering strategy is asked, and why a failure is where it is."""
