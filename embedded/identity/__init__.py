"""Stand-ins for Google, Kakao and Naver on this machine, so that signing in needs no account anywhere."""
