// Entry of the dashboard.

import '../shared/base.css';
import './theme.css';
import './dashboard.css';
import './events.css';

import { render } from 'preact';
import { App } from './app';

const root = document.getElementById('app');
if (root) render(<App />, root);
