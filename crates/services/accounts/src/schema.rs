//! The tables, as the migrations make them.

diesel::table! {
    household (id) {
        id -> Uuid,
        email -> Text,
        email_key -> Text,
        password -> Nullable<Text>,
        pin -> Nullable<Text>,
        language -> Text,
        country -> Text,
        terms_accepted_at -> Timestamptz,
        marketing -> Bool,
        personalised_ads -> Bool,
        consents_changed_at -> Timestamptz,
        locked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    identity (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        household -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    profile (id) {
        id -> Uuid,
        household -> Uuid,
        name -> Text,
        child -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    device (id) {
        id -> Uuid,
        household -> Uuid,
        name -> Text,
        kind -> Text,
        secret -> Binary,
        profile -> Uuid,
        created_at -> Timestamptz,
        seen_at -> Timestamptz,
        family -> Nullable<Uuid>,
        token -> Nullable<Binary>,
        previous -> Nullable<Binary>,
        successor -> Nullable<Binary>,
        rotated_at -> Nullable<Timestamptz>,
        ends_at -> Nullable<Timestamptz>,
        link -> Nullable<Binary>,
    }
}

diesel::table! {
    usual_network (household, network) {
        household -> Uuid,
        network -> Text,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    registration (email_key) {
        email_key -> Text,
        email -> Text,
        password -> Text,
        language -> Text,
        marketing -> Bool,
        personalised_ads -> Bool,
        token -> Binary,
        created_at -> Timestamptz,
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    mail_token (token) {
        token -> Binary,
        household -> Uuid,
        purpose -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    signing_key (kid) {
        kid -> Text,
        x -> Text,
        published_at -> Timestamptz,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    deletion (household) {
        household -> Uuid,
        email -> Nullable<Text>,
        language -> Nullable<Text>,
        asked_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    deletion_step (household, service) {
        household -> Uuid,
        service -> Text,
        message -> BigInt,
        confirmed_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(device -> household (household));
diesel::joinable!(identity -> household (household));
diesel::allow_tables_to_appear_in_same_query!(household, profile, device, identity, deletion, deletion_step);
