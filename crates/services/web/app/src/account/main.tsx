// The account's pages: puts them on the page and sets them going.
import { render } from "preact";
import "../shared/theme.css";
import { learnHouse } from "../shared/house";
import { App } from "./app";
import "./door.css";
import "./form.css";
import "./account.css";
import { followLinks } from "./route";
import { words } from "./words";

document.documentElement.lang = words.locale;
const root = document.getElementById("app");
if (root) render(<App />, root);
followLinks();
void learnHouse();
