"""What a publisher says to hubs (WebSub §4, §6), and whether the world can see what it says."""
