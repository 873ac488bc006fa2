import { script } from './script.ts';
import { style } from './style.ts';

/** The console's page: what the box is and how far it is, read from `/v1/status` every two seconds. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>CPiaB</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#steps">Skip to the steps</a>
<header>
<h1>CPiaB <span id="site"></span></h1>
<p id="phase" role="status" aria-live="polite">reading the status …</p>
</header>
<main>
<section id="trouble" role="alert" hidden>
<h2>Problem</h2>
<p id="problem"></p>
<h2>What to do</h2>
<p id="nextAction"></p>
</section>
<section aria-labelledby="steps">
<h2 id="steps" tabindex="-1">Steps since power-on</h2>
<table>
<thead><tr><th scope="col">Step</th><th scope="col">State</th><th scope="col" class="number">Began</th><th scope="col" class="number">Took</th><th scope="col">Evidence</th></tr></thead>
<tbody id="stepRows"></tbody>
</table>
</section>
<section aria-labelledby="applied">
<h2 id="applied">Applied from Git</h2>
<dl id="appliedFacts"></dl>
<ul id="blocking"></ul>
</section>
<section aria-labelledby="box">
<h2 id="box">This box</h2>
<dl id="boxFacts"></dl>
</section>
</main>
<noscript><p>Without JavaScript, read <a href="/v1/status">/v1/status</a>.</p></noscript>
<script>${script}</script>
</body>
</html>
`;
