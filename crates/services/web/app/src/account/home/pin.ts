// The PIN, as it is typed.

export const PIN_PATTERN = "[0-9]{4,8}";
