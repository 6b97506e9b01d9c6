DROP TABLE deletion_step, deletion, signing_key, mail_token, registration, usual_network, device, profile, identity, household;
