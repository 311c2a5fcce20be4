// The floor's first source.
