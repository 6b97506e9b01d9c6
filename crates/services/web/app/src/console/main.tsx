// The operators' console: puts it on the page and sets it going.
import { render } from "preact";
import "../shared/theme.css";
import { App } from "./app";
import "./console.css";
import "./parts.css";
import "./forms.css";
import { followFleet } from "./live";
import { takeTokenFromAddress } from "./operator";

takeTokenFromAddress();
const root = document.getElementById("app");
if (root) render(<App />, root);
followFleet();
