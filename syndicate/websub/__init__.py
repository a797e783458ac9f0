"""The publisher's part of WebSub (§4, §6): pings, verification of the public copy, and the retry schedule."""
