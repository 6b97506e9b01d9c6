//! The tables, as the migrations make them.

diesel::table! {
    line_up (single) {
        single -> Bool,
        version -> BigInt,
    }
}

diesel::table! {
    channel (id) {
        id -> Text,
        name -> Text,
        number -> Integer,
        profile -> Text,
        redundant -> Bool,
        enabled -> Bool,
        logo_url -> Nullable<Text>,
        logo_key -> Nullable<Text>,
        guide_id -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    input (channel, preference) {
        channel -> Text,
        preference -> Integer,
        url -> Text,
        programme -> Nullable<Integer>,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        event -> Jsonb,
    }
}
