/* Passwords of 12 and more characters that guessers try first: rows of the keyboard, counting, and the word itself. */
#ifndef STOA_WHO_PASSWORD_WORDS_H
#define STOA_WHO_PASSWORD_WORDS_H

#include <stddef.h>

static const char *const PASSWORD_WORDS[] = {
	"123456789012", "1234567890123", "12345678901234", "123456789012345", "1234567890123456", "0123456789012",
	"012345678901", "098765432109", "987654321012", "121212121212", "123123123123", "112233445566", "111222333444",
	"123456123456", "123412341234", "1q2w3e4r5t6y", "1qaz2wsx3edc", "qwertyuiop12", "qwertyuiop123", "qwertyuiop[]",
	"qwertyuiopas", "qwertyuiopasdf", "qwerty123456", "qwertyqwerty", "asdfghjkl123", "asdfasdfasdf", "abcdefghijkl",
	"abcdefghijklm", "abc123abc123", "abcdabcdabcd", "abcdef123456", "password1234", "password12345", "password123456",
	"passwordpassword", "passw0rd1234", "p@ssword1234", "p@ssw0rd1234", "letmeinletmein", "changemechangeme",
	"changeme1234", "welcome12345", "administrator", "administrator1", "adminadminadmin", "iloveyou1234",
	"iloveyouiloveyou", "trustno1trustno1", "correcthorsebatterystaple", "correct horse battery staple", NULL};

#endif
