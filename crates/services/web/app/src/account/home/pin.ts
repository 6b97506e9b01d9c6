// The PIN, as it is typed.

export const PIN_PATTERN = "[0-9]{4}";

// What the server says when a profile can be left or taken only with the PIN.
export const PIN_TYPES = new Set(["pin_needed", "wrong_pin", "pin"]);
