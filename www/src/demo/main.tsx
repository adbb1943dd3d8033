// Entry of the demo shop.

import '../shared/base.css';
import './theme.css';
import './shop.css';
import './forms.css';
import './received.css';

import { render } from 'preact';
import { Shop } from './shop';

const root = document.getElementById('app');
if (root) render(<Shop />, root);
