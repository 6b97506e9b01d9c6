// Every word on the viewers' screen, in English and German; the browser's language decides.
import { languageFor } from "../shared/language";

const en = {
  locale: "en",
  channels: "Channels",
  live: "Live",
  offAir: "Off air",
  number: "Channel number",
  nowWatching: "Now watching",
  tagline: "Live television.",
  choose: "Choose a channel to start watching.",
  noChannels: "There are no channels yet.",
  noChannelsHint: "As soon as the operator adds some, they appear here by themselves.",
  loading: "Fetching the channels …",
  noSuchNumber: "No such channel",
  showList: "Show channels",
  hideList: "Hide channels",
  next: "Next channel",
  previous: "Previous channel",
  play: "Play",
  paused: "Paused",
  backToLive: "Back to live",
  mute: "Mute",
  unmute: "Sound on",
  volume: "Volume",
  tapForSound: "Tap for sound",
  quality: "Quality",
  automatic: "Automatic",
  audio: "Audio",
  original: "Original language",
  audioDescription: "audio description",
  track: (n: number) => `Track ${n}`,
  pictureInPicture: "Picture in picture",
  fullscreen: "Full screen",
  leaveFullscreen: "Leave full screen",
  tuning: (name: string) => `Switching to ${name}`,
  listening: (name: string) => `Listening to ${name}`,
  buffering: "Loading",
  waitingForSignal: "Waiting for the signal …",
  connectionLost: "No connection to the server. Trying again …",
  keys: { zap: "zap", number: "number", mute: "mute", fullscreen: "full screen" },
  tryNow: "Try again now",
  retrying: "It is tried again by itself.",
  failures: {
    off_air: {
      title: "This channel is off air",
      text: "There is no signal at the moment. It starts by itself as soon as there is one.",
    },
    unreachable: {
      title: "The server can’t be reached",
      text: "Check your connection. Playback goes on as soon as the server answers.",
    },
    busy: { title: "One moment, please", text: "A great many are watching right now." },
    refused: {
      title: "This can’t be played here",
      text: "The service did not allow playback of this channel.",
    },
    unsupported: {
      title: "This browser can’t play the channel",
      text: "Its picture or sound has a format that the browser does not know. Another browser may.",
    },
    broken: {
      title: "The picture does not get through",
      text: "Something is wrong with this channel’s stream.",
    },
    unknown: { title: "There is no such channel", text: "It may have been removed. Choose another one." },
  },
};

export type Words = typeof en;

const de: Words = {
  locale: "de",
  channels: "Sender",
  live: "Live",
  offAir: "Kein Signal",
  number: "Programmplatz",
  nowWatching: "Läuft gerade",
  tagline: "Fernsehen. Live.",
  choose: "Wählen Sie einen Sender.",
  noChannels: "Noch gibt es keine Sender.",
  noChannelsHint: "Sobald der Betreiber welche anlegt, erscheinen sie hier von selbst.",
  loading: "Die Sender werden geladen …",
  noSuchNumber: "Diesen Platz gibt es nicht",
  showList: "Sender zeigen",
  hideList: "Sender ausblenden",
  next: "Nächster Sender",
  previous: "Voriger Sender",
  play: "Abspielen",
  paused: "Angehalten",
  backToLive: "Zurück zu live",
  mute: "Ton aus",
  unmute: "Ton an",
  volume: "Lautstärke",
  tapForSound: "Tippen für Ton",
  quality: "Qualität",
  automatic: "Automatisch",
  audio: "Ton",
  original: "Originalton",
  audioDescription: "Audiodeskription",
  track: (n: number) => `Tonspur ${n}`,
  pictureInPicture: "Bild im Bild",
  fullscreen: "Vollbild",
  leaveFullscreen: "Vollbild verlassen",
  tuning: (name: string) => `Umschalten auf ${name}`,
  listening: (name: string) => `Sie hören ${name}`,
  buffering: "Wird geladen",
  waitingForSignal: "Warten auf das Signal …",
  connectionLost: "Keine Verbindung zum Server. Neuer Versuch …",
  keys: { zap: "umschalten", number: "Platz", mute: "Ton", fullscreen: "Vollbild" },
  tryNow: "Jetzt erneut versuchen",
  retrying: "Es wird von selbst erneut versucht.",
  failures: {
    off_air: {
      title: "Dieser Sender hat gerade kein Signal",
      text: "Sobald wieder eines da ist, geht es von selbst weiter.",
    },
    unreachable: {
      title: "Der Server ist nicht erreichbar",
      text: "Prüfen Sie Ihre Verbindung. Sobald der Server antwortet, geht es weiter.",
    },
    busy: { title: "Einen Moment bitte", text: "Gerade schauen sehr viele zu." },
    refused: { title: "Hier nicht abspielbar", text: "Der Dienst hat die Wiedergabe nicht erlaubt." },
    unsupported: {
      title: "Dieser Browser kann den Sender nicht abspielen",
      text: "Bild oder Ton haben ein Format, das er nicht kennt. Ein anderer Browser kann es vielleicht.",
    },
    broken: {
      title: "Das Bild kommt nicht durch",
      text: "Mit dem Signal dieses Senders stimmt etwas nicht.",
    },
    unknown: {
      title: "Diesen Sender gibt es nicht",
      text: "Vielleicht wurde er entfernt. Wählen Sie einen anderen.",
    },
  },
};

// The dictionary for the first of the browser's languages that there is one for; English otherwise.
export function wordsFor(languages: readonly string[]): Words {
  return languageFor(languages) === "de" ? de : en;
}

export const words = wordsFor(typeof navigator === "undefined" ? [] : navigator.languages);
